-- What a key may be used for, and from where: JSON lists, NULL for everything. And the secrets it
-- had before, which go on working for a while: a JSON list, NULL for none.
ALTER TABLE api_key ADD COLUMN allowed_models TEXT;
ALTER TABLE api_key ADD COLUMN allowed_providers TEXT;
ALTER TABLE api_key ADD COLUMN allowed_addresses TEXT;
ALTER TABLE api_key ADD COLUMN former TEXT;
