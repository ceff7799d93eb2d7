"""What every step of the page is built of: widgets, drawings, served files, messages, queues, the theme."""
