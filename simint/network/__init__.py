"""Networks: layers, the families of the published searches, files."""
