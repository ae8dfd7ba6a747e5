"""Test files of mappings: deliveries and what has to come of them. Floor 1, pure.

case          a test file as data
data          YAML nodes as JSON data
reading       a file's text into its cases, with all findings at once
expectations  what a case expects
records       records of an org
checks        names that neither the mapping, the org nor the vendor's payload has
"""
