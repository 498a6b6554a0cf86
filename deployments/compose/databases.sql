-- Ours is made by the image itself; this one is Prefect's.
CREATE DATABASE prefect;
