"""Who may ask: keys, tokens, scopes and limits."""
