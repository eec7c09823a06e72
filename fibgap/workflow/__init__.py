"""What only the workflow needs: digests of code, logs of jobs, what jobs may need and have cost."""
