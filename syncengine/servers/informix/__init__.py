"""An Informix server, reached over DRDA through the vendor's driver, ibm_db."""
