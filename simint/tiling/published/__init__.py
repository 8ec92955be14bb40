"""The published tile-cost model (iNAS 2021, TiNAS 2024): closed forms of one design, and of tables of them."""
