-- What the operator sets for all requests, a row a family, each a JSON object: `routing` holds the defaults of
-- `provider`. Times in epoch milliseconds.
CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
