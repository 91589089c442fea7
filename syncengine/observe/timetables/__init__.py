"""The timetables of both servers, and the column that holds where they run."""
