"""How networks learn: planes and their split, patches, Table S2, the run itself."""
