"""The database's history. ``python -m migrations.new "message"`` writes the next step from what the models say."""
