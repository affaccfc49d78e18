"""The lineage graph around a topic or stream: walked through DataZone's API, as text and as SVG."""
