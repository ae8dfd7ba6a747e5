"""What is wrong with a mapping that reads well: paths, types, fields, keys. Floor 1.

values       what a value can be, found out without any payload
fields       whether a field of the org can hold it
records      keys, matches, links, policies and what a new record has to have
checking     all of it over one mapping, as findings
"""

from worker.mapping.checks.checking import check_mapping, check_versions

__all__ = ["check_mapping", "check_versions"]
