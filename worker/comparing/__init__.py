"""What a changed mapping would change, found out without writing. Floor 4.

choosing    which of the stored events are worth trying
snapshot    what records are like before: read once, in the fewest queries
ledger      the records as the ledger knows them, where the org is not asked
recalling   whom past events were found to refer to
dry_crm     a `Crm` over a snapshot: what is written to it goes nowhere
trial       events through the delivery's own pipeline, on a dry CRM
refusals    what Salesforce refused before and would refuse again
later       what later calls wrote, in the ledger and in the trial
same        whether two values are the same to Salesforce
writers     which events give a field its value
changes     what is different afterwards, record by record
comparison  all of it together, with what applying it would cost
"""
