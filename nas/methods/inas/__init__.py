"""iNAS: H. R. Mendis, C.-K. Kang, P.-C. Hsiu, ACM TECS 20(5s), art. 64, 2021: a controller learns by rewards."""
