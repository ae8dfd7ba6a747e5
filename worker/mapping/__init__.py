"""The mapping language: YAML in, a pure function from event to writes out. Floor 1.

strict_yaml   text to nodes with lines; nothing is guessed
paths         JMESPath, plain chains as closures
transforms    small pure functions, each with its examples
values        one field: where from, through what, to which value
spec          what a mapping file may say, read into data with all findings at once
compiled      a mapping ready to run: plan, urgent, party, explain
"""
