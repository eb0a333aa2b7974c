"""Files of messages in, labelled files out."""
