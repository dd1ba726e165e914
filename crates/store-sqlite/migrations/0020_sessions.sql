-- Whether a key is behind somebody's signing in to the dashboard: never listed, taken as a cookie only.
ALTER TABLE api_key ADD COLUMN session INTEGER NOT NULL DEFAULT 0 CHECK (session IN (0, 1));
