DROP INDEX users_not_verified;
