"""What a person looks at: tables, figures and the page of an experiment."""
