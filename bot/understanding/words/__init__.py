"""The vocabularies: tables of patterns per language. To teach Sluice a phrase, add it here and to the corpus."""
