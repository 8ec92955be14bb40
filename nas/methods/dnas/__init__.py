"""Multi-complexity differentiable search over channels (Risso et al., ISLPED 2022, doi:10.1145/3531437.3539720)."""
