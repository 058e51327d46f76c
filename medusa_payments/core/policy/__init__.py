"""Rules as tables: pure functions of plain facts, without a database and without a clock but an argument."""
