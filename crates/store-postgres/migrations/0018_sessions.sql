-- Whether a key is behind somebody's signing in to the dashboard: never listed, taken as a cookie only.
ALTER TABLE api_key ADD COLUMN session BOOLEAN NOT NULL DEFAULT FALSE;
