"""The register's import: rows that were read become the county's tables, all of them or none (全县一张表, ZS-1)."""
