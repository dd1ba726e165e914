-- Why a call went where it went: a JSON object, absent when nothing was planned.
ALTER TABLE generation ADD COLUMN routing TEXT;
