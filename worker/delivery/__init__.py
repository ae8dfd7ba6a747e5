"""Draining a lane: events in, Salesforce records out, each of them settled. Floor 3.

planning    an event row to the writes that its mapping asks for
exchange    jobs to Salesforce and back, without lanes, leases and database
ordering    what goes before what, and what becomes of it where that fails
finding     look-ups in the fewest requests
references  which records have to be known first
lookup      who the writes refer to: one query per object
linking     links that Salesforce resolves itself
link_cache  which id an external id had, for a while
resolving   links of a write: by id or by key, or withdrawn
rows        writes to rows: links resolved, policies applied
appending   lines of calls in a long text
merging     rows of one record merged into one
sending     rows to Salesforce in the fewest requests, each row's result understood
refusals    a refused row: why, who must act, what its jobs become
settling    what came of the writes, folded to what becomes of the event
heartbeat   the lease kept while a request takes its time
backlog     thousands of due events of a lane: more claimed at once, sent by jobs
draining    the loop under a lane's lease
"""
