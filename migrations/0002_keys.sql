-- API and management keys, never a key itself. Money in nano-dollars, times in epoch milliseconds. A deleted key keeps
-- its row, so that what it did stays explained. The usage columns mirror the key's object and are of `usage_at`.
CREATE TABLE keys (
  hash TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  label TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('inference', 'management')),
  disabled INTEGER NOT NULL,
  limit_nano_usd INTEGER,
  limit_reset TEXT CHECK (limit_reset IN ('daily', 'weekly', 'monthly')),
  include_byok_in_limit INTEGER NOT NULL,
  rate_requests INTEGER,
  rate_window_ms INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER,
  expires_at INTEGER,
  deleted_at INTEGER,
  creator_user_id TEXT,
  workspace_id TEXT NOT NULL,
  usage_at INTEGER NOT NULL,
  total_nano_usd INTEGER NOT NULL,
  daily_nano_usd INTEGER NOT NULL,
  weekly_nano_usd INTEGER NOT NULL,
  monthly_nano_usd INTEGER NOT NULL,
  byok_total_nano_usd INTEGER NOT NULL,
  byok_daily_nano_usd INTEGER NOT NULL,
  byok_weekly_nano_usd INTEGER NOT NULL,
  byok_monthly_nano_usd INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX keys_by_creation ON keys (created_at, hash) WHERE deleted_at IS NULL;
