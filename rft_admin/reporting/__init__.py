"""What happened: reports, analytics events and the dashboard's figures."""
