"""Draining a lane: events in, Salesforce records out, each of them settled. Floor 3.

planning    an event row to the writes that its mapping asks for
lookup      who the writes refer to: one query per object
rows        writes to rows: links resolved, policies applied
merging     rows of one record merged into one
sending     rows to Salesforce in the fewest requests, each row's result understood
settling    what came of the writes, folded to what becomes of the event
heartbeat   the lease kept while a request takes its time
draining    the loop under a lane's lease
"""
