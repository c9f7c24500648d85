DROP TABLE spend_folds;
DROP TABLE spend_event_details;
DROP TABLE spend_events;
DROP FUNCTION events_of_users();
DROP FUNCTION event_commissions_are_posted();
