-- The role and the database of the hub, created when PostgreSQL starts with an empty volume.
-- The role is no superuser: a superuser may also run programs and read files of the server.
\set password `cat /run/secrets/postgres.password`
-- Stops with "division by zero" if the file is empty or cannot be read.
SELECT 1 / least(length(:'password'), 1) AS password_was_read;
CREATE ROLE hub LOGIN PASSWORD :'password';
CREATE DATABASE hub OWNER hub;
