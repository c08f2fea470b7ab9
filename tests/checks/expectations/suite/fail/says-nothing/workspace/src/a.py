COLUMN = "label"
