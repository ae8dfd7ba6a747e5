"""Trying mappings out by test files: nothing is sent, nothing is stored. Floor 4.

folders      which test files belong to which mappings
deliveries   a case's delivery, and the event in it
made         what a plan, or an org that was written to, has of each record
org          a plan carried out in an org that is only in memory
comparing    what was expected against what was made
rehearsing   files of cases run, with their findings and their coverage
"""
