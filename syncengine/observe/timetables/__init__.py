"""The timetables of both servers, and the column that says where they run."""
