"""The timeline of a run as a file of the Trace Event Format, which Perfetto and Chrome's tracing page show."""
