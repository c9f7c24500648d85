-- The service's role: it reads and inserts, and changes only what is named here. `GRANT referral_app TO <login>`.
--
-- A role belongs to the whole cluster: it may be there already, or be made by somebody who may; without it nothing is
-- granted, and the service connects as the owner (the triggers hold all the same).

DO $$
BEGIN
  CREATE ROLE referral_app NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN
  RAISE NOTICE 'the role referral_app is left as it is';
END $$;

DO $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'referral_app') THEN
    RETURN;
  END IF;
  GRANT SELECT, INSERT ON books, programs, rule_versions, api_keys, idempotency_replies, users, user_names,
    user_emails, accounts, ledger_transactions, transfers, entries, account_heads, history_lines, referral_codes,
    referrals, referral_progress, reward_steps, affiliate_tracking, redemptions, redemption_reversals, spend_events,
    spend_event_details, spend_folds TO referral_app;
  GRANT SELECT ON credit_transactions, __diesel_schema_migrations TO referral_app;
  GRANT UPDATE (name, landing_url, status) ON programs TO referral_app;
  GRANT UPDATE (last_used_at, revoked_at) ON api_keys TO referral_app;
  GRANT DELETE ON idempotency_replies TO referral_app;
  GRANT UPDATE (signed_up_at, event_word_at, event_word_verified, token_word_at, token_word_verified,
    first_verified_at, email) ON users TO referral_app;
  GRANT UPDATE (active, expires_at, max_uses, daily_limit, uses, last_used_at) ON referral_codes TO referral_app;
  GRANT UPDATE (seq, balance) ON account_heads TO referral_app;
  GRANT UPDATE (state, activated_at, completed_at, closed_at, review, case_id, verified_at, spend_gross,
    spend_refunded, welcome_status, welcome_reason, welcome_at, welcome_transaction, reward_status, reward_reason,
    reward_at, reward_transaction, reward_steps, reward_available_at, commission_gross, commission_refunded,
    commission_due, commission_posted, commission_steps, commission_reason, updated_at) ON referral_progress TO referral_app;
  GRANT UPDATE (signups, verified_signups, conversions, conversions_reversed, revenue, earned, pending)
    ON affiliate_tracking TO referral_app;
END $$;
