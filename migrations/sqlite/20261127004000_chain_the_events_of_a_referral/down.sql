DROP TRIGGER spend_events_follow_the_last;
CREATE INDEX spend_events_of_a_referral ON spend_events (book_id, referral_id) WHERE referral_id IS NOT NULL;
ALTER TABLE spend_events DROP COLUMN previous_event;
ALTER TABLE referral_progress DROP COLUMN last_event;
