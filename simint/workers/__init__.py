"""Many tasks run elsewhere: on the processes of this machine or the workers of a cluster, whatever becomes of one."""
