DROP TRIGGER rule_versions_announce_a_program ON rule_versions;
DROP TRIGGER programs_announce_a_change ON programs;
DROP FUNCTION announce_program();
