-- What is told of a payment needs no metadata: NULL is no JSON, but nothing that has to be.
ALTER TABLE spend_event_details DROP CONSTRAINT metadata_is_json;
ALTER TABLE spend_event_details
  ADD CONSTRAINT metadata_is_json CHECK (metadata IS NULL OR metadata::json IS NOT NULL);
