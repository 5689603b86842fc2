a script
