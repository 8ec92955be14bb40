"""TiNAS: H. R. Mendis, C.-H. Yen, C.-K. Kang, P.-C. Hsiu, IEEE TCAD 44(10):3990-4003, 2025, with its variants."""
