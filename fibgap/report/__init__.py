"""What a person looks at: the tables, figures and page of an experiment.

`results` computes the numbers once and reads them back, `tables` arranges them, `figures` draws
them, `methods` says in words what was done, `verdict` what it amounts to; `page` puts all on one
HTML page and `terminal` the tables on the screen.
"""
