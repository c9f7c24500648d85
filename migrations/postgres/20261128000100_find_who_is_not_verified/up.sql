-- Whether somebody may use what they have hangs on their e-mail. Most are verified: who is not stands in an index of their
-- own, so that nothing is read of the others, whose rows lie on a page each.

CREATE INDEX users_not_verified ON users (book_id, user_id) INCLUDE (event_word_verified, token_word_verified)
  WHERE coalesce(event_word_verified, token_word_verified) IS NOT TRUE;
