"""What a text is: its one form, its language, its Han variants and the personal data in it."""
