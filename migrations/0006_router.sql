-- The router or alias that chose the model of a request; NULL where the client named it.
ALTER TABLE generations ADD COLUMN router TEXT;
