"""How the schema came to be: alembic's environment and its versions, run whenever a store opens."""
