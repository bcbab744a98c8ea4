"""3D motion for people to look at: a web page that plays it, and a still picture."""
