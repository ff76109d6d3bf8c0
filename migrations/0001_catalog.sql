-- The catalogue: who serves which model, where, at what price and under which data policy.
--
-- Money is decimal text in US dollars, a single token or unit each; it is never stored as a float. NULL means that nobody
-- says. Rows of the shipped seed carry origin 'seed' and the version that last wrote them: loading a newer seed removes
-- the rows that it no longer has. Rows with origin 'operator' are never touched by it.

CREATE TABLE providers (
  slug TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('lab', 'cloud', 'router', 'sandbox')),
  -- 0 for routers: they forward to somebody else
  direct INTEGER NOT NULL CHECK (direct IN (0, 1)),
  -- ISO 3166-1 alpha-2
  headquarters TEXT,
  headquarters_source TEXT,
  -- JSON array of ISO 3166-1 alpha-2
  datacenters TEXT,
  datacenters_source TEXT,
  base_url TEXT,
  privacy_policy_url TEXT,
  terms_of_service_url TEXT,
  status_page_url TEXT,
  origin TEXT NOT NULL DEFAULT 'operator' CHECK (origin IN ('seed', 'operator')),
  seed_version TEXT
) STRICT;

-- The most conservative reading of all claims on record. NULL is unknown and is routed as the worst case.
CREATE TABLE data_policies (
  provider TEXT PRIMARY KEY REFERENCES providers (slug) ON DELETE CASCADE,
  trains INTEGER CHECK (trains IN (0, 1)),
  retains_prompts INTEGER CHECK (retains_prompts IN (0, 1)),
  retention_days INTEGER CHECK (retention_days >= 0),
  zdr TEXT CHECK (zdr IN ('default', 'on-request', 'none-found')),
  -- who claims zero retention by default, where anybody does
  zero_retention_stated_by TEXT CHECK (zero_retention_stated_by IN ('vendor', 'aggregator', 'operator')),
  -- claims on record disagree
  conflict INTEGER NOT NULL DEFAULT 0 CHECK (conflict IN (0, 1)),
  as_of TEXT,
  -- JSON array of the ids of the claims
  sources TEXT NOT NULL DEFAULT '[]',
  origin TEXT NOT NULL DEFAULT 'operator' CHECK (origin IN ('seed', 'operator')),
  seed_version TEXT
) STRICT;

CREATE TABLE models (
  -- author/slug, as clients send it
  id TEXT PRIMARY KEY CHECK (id LIKE '_%/_%' AND length(id) <= 256),
  canonical_slug TEXT NOT NULL,
  name TEXT NOT NULL,
  author TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  hugging_face_id TEXT,
  -- Unix seconds, 0 where nobody says
  created INTEGER NOT NULL DEFAULT 0,
  knowledge_cutoff TEXT,
  tokenizer TEXT,
  reasoning INTEGER NOT NULL DEFAULT 0 CHECK (reasoning IN (0, 1)),
  reasoning_mandatory INTEGER NOT NULL DEFAULT 0 CHECK (reasoning_mandatory IN (0, 1)),
  -- JSON array, descending
  reasoning_efforts TEXT,
  moderated INTEGER NOT NULL DEFAULT 0 CHECK (moderated IN (0, 1)),
  -- JSON arrays
  input_modalities TEXT NOT NULL,
  output_modalities TEXT NOT NULL,
  context_length INTEGER CHECK (context_length > 0),
  max_output_tokens INTEGER CHECK (max_output_tokens > 0),
  source TEXT,
  origin TEXT NOT NULL DEFAULT 'operator' CHECK (origin IN ('seed', 'operator')),
  seed_version TEXT
) STRICT;

CREATE INDEX models_by_canonical_slug ON models (canonical_slug);

CREATE TABLE endpoints (
  -- provider[/region][/variant]:author/slug
  id TEXT PRIMARY KEY,
  model TEXT NOT NULL REFERENCES models (id) ON DELETE CASCADE,
  provider TEXT NOT NULL REFERENCES providers (slug) ON DELETE CASCADE,
  -- what provider.only and provider.order name: provider[/region][/variant]
  tag TEXT NOT NULL,
  upstream_id TEXT NOT NULL,
  region TEXT,
  -- 'yes': tied to the EU; 'selectable': the provider has EU regions, this model's presence there is not shown
  eu TEXT CHECK (eu IN ('yes', 'selectable', 'no')),
  variant TEXT,
  context_length INTEGER CHECK (context_length > 0),
  max_output_tokens INTEGER CHECK (max_output_tokens > 0),
  max_prompt_tokens INTEGER CHECK (max_prompt_tokens > 0),
  quantization TEXT CHECK (quantization IN ('int4', 'int8', 'fp4', 'fp6', 'fp8', 'fp16', 'bf16', 'fp32', 'unknown')),
  quantization_source TEXT,
  -- JSON arrays
  input_modalities TEXT NOT NULL,
  output_modalities TEXT NOT NULL,
  -- JSON array of supported request parameters
  parameters TEXT,
  parameters_source TEXT,
  -- really free of charge: trial or promotional, not to be resold
  free INTEGER NOT NULL DEFAULT 0 CHECK (free IN (0, 1)),
  implicit_caching INTEGER NOT NULL DEFAULT 0 CHECK (implicit_caching IN (0, 1)),
  status TEXT CHECK (status IN ('alpha', 'beta', 'deprecated')),
  source TEXT,
  origin TEXT NOT NULL DEFAULT 'operator' CHECK (origin IN ('seed', 'operator')),
  seed_version TEXT,
  CHECK (id = tag || ':' || model)
) STRICT;

CREATE INDEX endpoints_by_model ON endpoints (model);
CREATE INDEX endpoints_by_provider ON endpoints (provider);

-- One row a price level: above_prompt_tokens 0 is the price, a larger number replaces the components that it names for
-- the whole request once the prompt has more tokens than that.
CREATE TABLE prices (
  endpoint TEXT NOT NULL REFERENCES endpoints (id) ON DELETE CASCADE,
  above_prompt_tokens INTEGER NOT NULL DEFAULT 0 CHECK (above_prompt_tokens >= 0),
  prompt TEXT,
  completion TEXT,
  cache_read TEXT,
  cache_write TEXT,
  cache_write_1h TEXT,
  reasoning TEXT,
  audio_input TEXT,
  audio_output TEXT,
  image TEXT,
  image_output TEXT,
  request TEXT,
  source TEXT,
  origin TEXT NOT NULL DEFAULT 'operator' CHECK (origin IN ('seed', 'operator')),
  seed_version TEXT,
  PRIMARY KEY (endpoint, above_prompt_tokens),
  CHECK (above_prompt_tokens > 0 OR (prompt IS NOT NULL AND completion IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- One row: which seed is loaded.
CREATE TABLE catalog_meta (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  version TEXT NOT NULL
) STRICT;
