-- The events that met a referral are a chain: the referral's progress names the last one, and each event names the one
-- before it. The index that was here took a page of its own for nearly every event, since referrals spend in no order of
-- their keys, and each of these pages was written to the log and then to the database. The chain is kept in two rows that an
-- event writes anyway.

ALTER TABLE referral_progress ADD COLUMN last_event TEXT;
ALTER TABLE spend_events ADD COLUMN previous_event TEXT
  CONSTRAINT event_of_a_referral_follows CHECK (previous_event IS NULL OR referral_id IS NOT NULL);

DROP TRIGGER spend_events_never_change;
UPDATE spend_events SET previous_event = of_referral.previous_event
FROM (SELECT e.book_id, e.source_id, lag(e.source_id) OVER (PARTITION BY e.book_id, e.referral_id
    ORDER BY e.recorded_at, e.event_id, e.source_id) AS previous_event FROM spend_events AS e WHERE e.referral_id IS NOT NULL)
  AS of_referral
WHERE of_referral.book_id = spend_events.book_id AND of_referral.source_id = spend_events.source_id
  AND of_referral.previous_event IS NOT NULL;
CREATE TRIGGER spend_events_never_change BEFORE UPDATE ON spend_events
BEGIN SELECT RAISE(ABORT, 'spend_events_never_change'); END;

UPDATE referral_progress SET last_event = (SELECT e.source_id FROM spend_events AS e
  WHERE e.book_id = referral_progress.book_id AND e.referral_id = referral_progress.referral_id
    AND e.referral_id IS NOT NULL ORDER BY e.recorded_at DESC, e.event_id DESC, e.source_id DESC LIMIT 1);

DROP INDEX spend_events_of_a_referral;

-- An event of a referral follows the last one, and is the last one from then on.
CREATE TRIGGER spend_events_follow_the_last AFTER INSERT ON spend_events WHEN NEW.referral_id IS NOT NULL
BEGIN
  UPDATE referral_progress SET last_event = NEW.source_id
  WHERE book_id = NEW.book_id AND referral_id = NEW.referral_id AND last_event IS NEW.previous_event;
  SELECT RAISE(ABORT, 'spend_events_follow_the_last') WHERE changes() <> 1;
END;
