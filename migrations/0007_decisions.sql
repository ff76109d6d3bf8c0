-- Why a request went where it went, as JSON: what the decision was made from and what came of it. NULL in rows of
-- before, whose `excluded` has the half of it; it is an empty list in all that have a decision.
ALTER TABLE generations ADD COLUMN decision TEXT;
