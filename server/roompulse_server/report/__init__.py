"""A meeting's summary, written down: JSON's neighbours CSV, Parquet, Markdown, and a page with pictures. Pure."""
