-- The role stays: other databases of the cluster may use it.
DO $$
BEGIN
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'referral_app') THEN
    REVOKE ALL ON ALL TABLES IN SCHEMA public FROM referral_app;
  END IF;
END $$;
