"""What the pages under ``docs`` claim of speed and of other tools, as programs that measure it again."""
