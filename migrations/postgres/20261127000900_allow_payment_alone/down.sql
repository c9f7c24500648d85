ALTER TABLE spend_event_details DROP CONSTRAINT metadata_is_json;
ALTER TABLE spend_event_details ADD CONSTRAINT metadata_is_json CHECK (metadata::json IS NOT NULL) NOT VALID;
